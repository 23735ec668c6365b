SELECT department, revenue FROM sales GROUP BY ROLLUP(department)
