EXPLAIN SELECT * FROM sales WHERE city = 'York' AND revenue > 8 LIMIT 3
