//! The Lua scripts, each with the shared prelude in front. Redis keeps them by their hash; a Redis that was restarted or
//! flushed gets them again at the first call.

use redis::Script;

macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {
        /// One field a script; the files under `lua/` say what each takes and returns.
        #[derive(Debug)]
        pub(crate) struct Scripts {
            $(pub(crate) $name: Script,)+
        }

        impl Scripts {
            pub(crate) fn new() -> Self {
                Self {
                    $($name: Script::new(concat!(
                        include_str!("lua/prelude.lua"),
                        include_str!(concat!("lua/", stringify!($name), ".lua")),
                    )),)+
                }
            }
        }
    };
}

scripts!(
    push, lease, beat, settle, recover, reclaim, close, contains, promote, scan, stats, sweep, intake, reject,
    rejected, turn
);
