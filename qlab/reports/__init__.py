"""Reports: tables, figures and self-contained pages, made of plain tables and records."""
