"""What a convolutional layer does, number by number."""
