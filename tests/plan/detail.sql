SELECT * FROM sales WHERE sold_at >= '2017-02-01' AND revenue > 5 ORDER BY revenue DESC LIMIT 10
