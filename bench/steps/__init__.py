"""Small programs that a benchmark starts as whole processes; each prints one line of JSON at the end."""
