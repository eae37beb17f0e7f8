"""THE LOOP: the only room that sees both servers and scores; events out, no printing."""
