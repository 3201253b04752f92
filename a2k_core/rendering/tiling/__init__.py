"""Pictures computed tile by tile, exactly."""
