"""The science behind the commands: markers, responses, trajectories, hints."""
