"""What the banner costs a visitor, and what its hooks cost a page; measured in Chromium beside four other banners."""
