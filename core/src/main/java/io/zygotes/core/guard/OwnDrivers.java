package io.zygotes.core.guard;

import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Enumeration;
import java.util.function.Consumer;

/**
 * Talks to the {@link DriverManager} in a plugin's name. It hands out, and takes away, only drivers that the caller's
 * own class loader finds, so a copy of this class is defined below each plugin's loader ({@link JdbcDrivers}). It may
 * use nothing but the JDK.
 */
final class OwnDrivers implements Consumer<Driver>, Runnable {

    OwnDrivers() {}

    /** Registers a driver, unless one of its class is registered already, as it is when the class did so itself. */
    @Override
    public void accept(Driver driver) {
        Enumeration<Driver> known = DriverManager.getDrivers();
        while (known.hasMoreElements()) {
            if (known.nextElement().getClass() == driver.getClass()) {
                return;
            }
        }
        try {
            DriverManager.registerDriver(driver);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** Takes away all drivers of the plugin: a registered one keeps its class loader for ever. */
    @Override
    public void run() {
        ClassLoader plugin = getClass().getClassLoader().getParent();
        Enumeration<Driver> known = DriverManager.getDrivers();
        while (known.hasMoreElements()) {
            Driver driver = known.nextElement();
            if (driver.getClass().getClassLoader() == plugin) {
                try {
                    DriverManager.deregisterDriver(driver);
                } catch (SQLException e) {
                    throw new IllegalStateException(e.getMessage(), e);
                }
            }
        }
    }
}
