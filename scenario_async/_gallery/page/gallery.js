start(new EmbeddedSource(document));
