"""Why a call cost what it cost."""
