"""Listings that one may like beside a given one."""
