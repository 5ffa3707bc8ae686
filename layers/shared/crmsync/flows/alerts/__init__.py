"""What people are told: from the state of the connections and the alarms to messages."""
