echo sent
