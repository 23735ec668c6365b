EXPLAIN WITH top AS (SELECT store FROM sales ORDER BY revenue DESC LIMIT 1) SELECT department, lines FROM sales WHERE store IN (SELECT store FROM top)
