/** The AOP Alliance interfaces; the published jar has no descriptor. */
module aopalliance {
    exports org.aopalliance.aop;
    exports org.aopalliance.intercept;
}
