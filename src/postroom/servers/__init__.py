"""Mail servers as clients: each module speaks one protocol and knows none of the others."""
