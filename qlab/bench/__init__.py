"""``qlab bench``: the simulator against the installed peers on this machine, each in a process of its own."""
