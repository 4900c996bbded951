"""A carrier to practise with: Twilio's messaging as far as we use it, and a phone in the browser (demo and tests)."""
