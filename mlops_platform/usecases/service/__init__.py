"""What runs beside a service: started, fed, followed, proved."""
