"""The process pool of joblib: what it loses, what it leaves behind, and when it ends."""
