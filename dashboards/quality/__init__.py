"""Quality: audits, held hours and expectations."""
