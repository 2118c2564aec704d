"""The count by which an account's older access tokens stop to hold."""
