package io.zygotes.spi;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What users of a public type may rely on. Every public type of this module carries it; nested types are as their outer
 * one.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Stability(Stability.Level.STABLE)
public @interface Stability {

    /** What holds for the type. */
    Level value();

    /** How much may change. */
    enum Level {
        /**
         * Nothing that a compiled plugin uses changes or goes before the next major revision of the SPI. Something may
         * be added with a minor one: constants of an enum, subclasses of an exception, and methods; those of interfaces
         * with a body.
         */
        STABLE,
        /** May change with any minor revision of the SPI. */
        EVOLVING
    }
}
