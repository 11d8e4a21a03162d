"""Whether a firm knows what it cannot know: the past is lived again with another future, and compared."""
