"""What people see: the web application on the published runs."""
