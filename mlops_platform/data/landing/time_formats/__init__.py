"""How texts write times: formats that are declared, and those that a text could have."""
