//! Compiles the `.proto` files without `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["rpc.proto", "kv.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Values go from the socket to the store, and back, without a copy into a `Vec`.
        .bytes(".")
        .codec_path("crate::ExactCodec")
        .build_transport(false)
        .compile_fds(files)?;
    Ok(())
}
