//! Arguments that are one word of a list.

/// An enum whose variants are words in a configuration, and a refusal that lists them.
macro_rules! words {
    ($(#[$meta:meta])+ pub enum $name:ident {
        $($(#[$doc:meta])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])+ $variant,)+
        }

        impl $name {
            /// All of them, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in a configuration.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let written = serde_json::Value::deserialize(deserializer)?;
                let named = |one: &&Self| written.as_str() == Some(one.word());
                Self::ALL.iter().find(named).copied().ok_or_else(|| {
                    let words: Vec<&str> = Self::ALL.iter().map(|one| one.word()).collect();
                    serde::de::Error::custom(format!("must be one of {}", words.join(", ")))
                })
            }
        }
    };
}
pub(in crate::layers) use words;
