"""The science of the tools of sequences, without folders or options of a command."""
