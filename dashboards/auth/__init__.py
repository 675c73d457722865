"""Users, logins and sessions, and what every answer says to the browser."""
