"""How Lua specs become Bazel tests."""

def lua_spec(name, data = [], size = "small", **kwargs):
    """The busted spec NAME.lua, run by the interpreter of host.cc."""
    native.sh_test(
        name = name,
        srcs = ["run.sh"],
        args = [
            "$(location :host)",
            "$(location run_busted.lua)",
            "$(location {}.lua)".format(name),
        ],
        data = [
            ":host",
            "run_busted.lua",
            name + ".lua",
        ] + native.glob(["*support.lua"]) + data,
        size = size,
        **kwargs
    )
