/** Guice 7; the published jar is an automatic module, which jlink refuses. */
module com.google.guice {
    requires transitive aopalliance;
    requires transitive com.google.common;
    requires transitive jakarta.inject;
    requires java.logging;
    requires static com.google.errorprone.annotations;
    // Not used: the start script tells Guice to define its classes by class loaders.
    requires static jdk.unsupported;

    exports com.google.inject;
    exports com.google.inject.binder;
    exports com.google.inject.matcher;
    exports com.google.inject.multibindings;
    exports com.google.inject.name;
    exports com.google.inject.spi;
    exports com.google.inject.util;
    // Classes that Guice generates live in other modules and call into this package.
    exports com.google.inject.internal.aop;
}
