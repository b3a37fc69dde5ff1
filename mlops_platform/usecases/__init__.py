"""What needs several rooms: release, roll back, reconcile, load the champion."""
