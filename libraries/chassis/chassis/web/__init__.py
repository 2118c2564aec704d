"""The HTTP door: one application factory, problem documents, access rules, pages, documentation without a CDN."""
