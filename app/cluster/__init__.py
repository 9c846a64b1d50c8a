"""What servers share while they run, behind one protocol, `base.Cluster`, with an adapter a module."""
