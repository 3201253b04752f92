"""Pictures of any size: tiles, buffers, memory, devices, and what happens to decoded pixels."""
