"""What live pages are sent: a view for each page, made of the page's own parts."""
