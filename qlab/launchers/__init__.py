"""Where the tasks of a sweep run: in this process, in workers of this machine, or in those of a cluster."""
