SELECT department FROM sales WHERE revenue > 8 GROUP BY department
