"""The zoo: our own small networks, and any backbone of timm."""
