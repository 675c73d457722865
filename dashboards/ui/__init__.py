"""What pages share: settings, context, filters, controls and background readers."""
