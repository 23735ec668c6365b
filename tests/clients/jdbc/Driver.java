import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Starmart as the Arrow Flight SQL JDBC driver sees it, and so DBeaver, Tableau and Metabase. STARMART_URL names a server
 * of the project tests/projects/wire, loaded. Each test is a method whose name begins with "test".
 */
public final class Driver {
    private static final String URL =
            "jdbc:arrow-flight-sql://" + System.getenv("STARMART_URL").replace("grpc://", "") + "/?useEncryption=false";

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(URL);
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static void equal(Object expected, Object got) {
        check(expected == null ? got == null : expected.equals(got), "expected " + expected + ", got " + got);
    }

    /** The rows of a result, which is closed, columns separated by "|". */
    private static List<String> rows(ResultSet result) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (result) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= columns; column++) {
                    row.add(String.valueOf(result.getObject(column)));
                }
                rows.add(String.join("|", row));
            }
        }
        return rows;
    }

    private static List<String> ask(String sql) throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            return rows(statement.executeQuery(sql));
        }
    }

    static void testTypesAndValues() throws SQLException {
        String sql = "select id, label, price, flag, sold_on, seen, cast(price as double) as ratio"
                + " from mart.samples where id in (3, 50) order by id";
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            ResultSet result = statement.executeQuery(sql);
            ResultSetMetaData columns = result.getMetaData();
            int[] types = {
                Types.BIGINT, Types.VARCHAR, Types.DECIMAL, Types.BOOLEAN, Types.DATE, Types.TIMESTAMP, Types.DOUBLE
            };
            for (int column = 1; column <= types.length; column++) {
                int type = columns.getColumnType(column);
                boolean zoned = type == Types.TIMESTAMP_WITH_TIMEZONE && types[column - 1] == Types.TIMESTAMP;
                boolean bit = type == Types.BIT && types[column - 1] == Types.BOOLEAN;
                check(type == types[column - 1] || zoned || bit, columns.getColumnName(column) + " has type " + type);
            }
            check(result.next(), "there is a row");
            equal(3L, result.getLong("id"));
            equal("樣品 3", result.getString("label"));
            equal(new BigDecimal("3.75"), result.getBigDecimal("price"));
            equal(false, result.getBoolean("flag"));
            equal("2017-01-04", result.getDate("sold_on").toString());
            equal(3.75, result.getDouble("ratio"));
            equal(Instant.parse("2017-03-12T03:00:00Z"), result.getTimestamp("seen").toInstant());
            check(result.next(), "there is another");
            equal("樣品 50", result.getString(2));
            for (int column = 3; column <= types.length; column++) {
                // The driver has no object for instants.
                equal(null, column == 6 ? result.getTimestamp(column) : result.getObject(column));
                check(result.wasNull(), "column " + column + " was NULL");
            }
            check(!result.next(), "that is all");
        }
    }

    static void testCubes() throws SQLException {
        String sql = "select flag, measure(n) as n, sum(total) as total from sampled group by flag order by flag";
        equal(List.of("false|25|781.25", "true|24|750.00", "null|1|null"), ask(sql));
    }

    static void testFactRows() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            ResultSet result = statement.executeQuery("select * from sampled order by total desc limit 1");
            check(result.next(), "there is a row");
            equal(1L, result.getLong("n"));
            equal(new BigDecimal("61.25"), result.getBigDecimal("total"));
            equal(null, result.getObject("mean"));
            check(!result.next(), "that is all");
            check(!statement.executeQuery("select * from sampled where 1 = 0").next(), "there are none");
        }
    }

    static void testParametersKeepTheirOrder() throws SQLException {
        StringBuilder sql = new StringBuilder("select ");
        for (int number = 1; number <= 12; number++) {
            sql.append(number == 1 ? "" : ", ").append("cast(? as text) as p").append(number);
        }
        try (Connection connection = connect();
                PreparedStatement statement = connection.prepareStatement(sql.toString())) {
            equal(12, statement.getParameterMetaData().getParameterCount());
            for (int number = 1; number <= 12; number++) {
                statement.setString(number, "值" + number);
            }
            statement.setNull(11, Types.VARCHAR);
            List<String> expected = new ArrayList<>();
            for (int number = 1; number <= 12; number++) {
                expected.add(number == 11 ? "null" : "值" + number);
            }
            equal(List.of(String.join("|", expected)), rows(statement.executeQuery()));
        }
    }

    static void testParametersChooseRows() throws SQLException {
        String sql = "select label from mart.samples where id = ? and price = ? and sold_on = ? and flag = ?";
        try (Connection connection = connect(); PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, 3);
            statement.setBigDecimal(2, new BigDecimal("3.75"));
            statement.setDate(3, Date.valueOf("2017-01-04"));
            statement.setBoolean(4, false);
            equal(List.of("樣品 3"), rows(statement.executeQuery()));
            statement.setLong(1, 4);
            equal(List.of(), rows(statement.executeQuery()));
        }
        try (Connection connection = connect();
                PreparedStatement statement =
                        connection.prepareStatement("select flag, measure(n) as n from sampled where flag = ? group by flag")) {
            statement.setBoolean(1, true);
            equal(List.of("true|24"), rows(statement.executeQuery()));
        }
    }

    static void testErrorsAreTold() throws SQLException {
        for (String sql : List.of("selec 1", "select labels from mart.samples", "drop table mart.samples")) {
            try {
                ask(sql);
            } catch (SQLException error) {
                check(!error.getMessage().isEmpty(), sql + " has a message");
                continue;
            }
            throw new AssertionError("not refused: " + sql);
        }
    }

    static void testAQueryIsCancelled() throws Exception {
        String cross = " cross join mart.samples b cross join mart.samples c cross join mart.samples d"
                + " cross join mart.samples e cross join mart.samples f";
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    statement.cancel();
                } catch (InterruptedException | SQLException error) {
                    throw new AssertionError(error);
                }
            });
            canceller.start();
            try {
                rows(statement.executeQuery("select sum(a.id * b.id * c.id) as s from mart.samples a" + cross));
            } catch (SQLException cancelled) {
                canceller.join();
                equal(List.of("1"), ask("select 1 as one"));
                return;
            }
            throw new AssertionError("it went on");
        }
    }

    /** Every getter of the metadata that takes nothing answers. */
    static void testEveryGetterAnswers() throws Exception {
        try (Connection connection = connect()) {
            DatabaseMetaData data = connection.getMetaData();
            TreeMap<String, Object> failed = new TreeMap<>();
            for (Method method : DatabaseMetaData.class.getMethods()) {
                if (method.getParameterCount() > 0 || method.getDeclaringClass() != DatabaseMetaData.class) {
                    continue;
                }
                try {
                    if (method.invoke(data) instanceof ResultSet result) {
                        rows(result);
                    }
                } catch (InvocationTargetException error) {
                    failed.put(method.getName(), error.getCause());
                } catch (SQLException error) {
                    failed.put(method.getName(), error);
                }
            }
            check(failed.isEmpty(), failed.toString());
            equal("Starmart", data.getDatabaseProductName());
            check(data.isReadOnly(), "it is read only");
            equal("\"", data.getIdentifierQuoteString());
        }
    }

    /** Tools walk catalogs, schemas, tables, columns and keys. */
    static void testTablesColumnsAndKeys() throws Exception {
        try (Connection connection = connect()) {
            DatabaseMetaData data = connection.getMetaData();
            equal(List.of("starmart"), rows(data.getCatalogs()));
            List<String> schemas = rows(data.getSchemas());
            check(schemas.contains("cubes|starmart") && schemas.contains("mart|starmart"), schemas.toString());
            List<String> tables = new ArrayList<>();
            try (ResultSet result = data.getTables(null, null, "%", null)) {
                while (result.next()) {
                    tables.add(result.getString("TABLE_SCHEM") + "." + result.getString("TABLE_NAME"));
                }
            }
            check(tables.containsAll(List.of("cubes.sampled", "mart.samples")), tables.toString());
            List<String> columns = new ArrayList<>();
            try (ResultSet result = data.getColumns(null, "mart", "samples", "%")) {
                while (result.next()) {
                    columns.add(result.getString("COLUMN_NAME") + " " + result.getString("TYPE_NAME"));
                }
            }
            equal(6, columns.size());
            try (ResultSet result = data.getPrimaryKeys(null, "mart", "samples")) {
                check(result.next(), "there is a key");
                equal("id", result.getString("COLUMN_NAME"));
            }
            for (ResultSet result : List.of(
                    data.getImportedKeys(null, "mart", "samples"),
                    data.getExportedKeys(null, "mart", "samples"),
                    data.getCrossReference(null, "mart", "samples", null, "mart", "samples"),
                    data.getTableTypes(),
                    data.getTypeInfo())) {
                rows(result);
            }
        }
    }

    public static void main(String[] wanted) throws Exception {
        int failed = 0;
        for (Method method : Driver.class.getDeclaredMethods()) {
            String name = method.getName();
            if (!name.startsWith("test") || (wanted.length > 0 && !List.of(wanted).contains(name))) {
                continue;
            }
            try {
                method.invoke(null);
                System.out.println("ok   " + name);
            } catch (InvocationTargetException error) {
                failed++;
                System.out.println("FAIL " + name);
                error.getCause().printStackTrace(System.out);
            }
        }
        System.out.println(failed == 0 ? "all passed" : failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }
}
