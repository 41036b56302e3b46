"""What supervised tools share: read → plan → learn → judge → apply. A task is one object; a run folder a model."""
