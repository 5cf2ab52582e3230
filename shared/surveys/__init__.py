"""What a survey asks and which answers it takes: the web judges what respondents send, the service what it keeps."""
