"""Where things are kept: SQLAlchemy and Redis live here. Gives frozen values, never rows; never commits."""
