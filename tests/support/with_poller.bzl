"""Tests that run a second time, over io_uring."""

def over_io_uring(names):
    """NAME_io_uring for each test NAME of this package, built once."""
    for name in names:
        native.sh_test(
            name = name + "_io_uring",
            size = "small",
            srcs = ["//tests/support:with_poller.sh"],
            args = ["io_uring", "$(location {})".format(name)],
            data = [name],
        )
