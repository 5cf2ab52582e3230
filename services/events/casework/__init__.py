"""Cases: who sees to what people asked, by when, what was answered and what came of it."""
