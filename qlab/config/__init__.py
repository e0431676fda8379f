"""What a run is made of: options with their ranges, the registry of components, and their composition by Hydra."""
