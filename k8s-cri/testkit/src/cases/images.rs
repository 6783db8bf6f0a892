//! Promise 16: images.

use k8s_cri::Error;

use crate::Subject;

/// Promise 16.
pub async fn a_pulled_image_has_all_its_names(subject: Subject) {
    assert!(subject.images.image_status(&subject.image.as_str().into()).await.unwrap().is_none());
    let id = subject.pull().await;
    assert_eq!(subject.pull().await, id);
    let image = subject.images.image_status(&subject.image.as_str().into()).await.unwrap().unwrap();
    assert_eq!(image.id, id);
    for name in image.tags.iter().chain(&image.digests).chain([&id]) {
        let found = subject.images.image_status(&name.as_str().into()).await.unwrap();
        assert_eq!(found.map(|image| image.id).as_ref(), Some(&id), "{name}");
    }
    assert_eq!(subject.images.list_images().await.unwrap().len(), 1);
}

/// Promise 16.
pub async fn a_removed_image_has_none(subject: Subject) {
    let id = subject.pull().await;
    for _ in 0..2 {
        subject.images.remove_image(&id.as_str().into()).await.unwrap();
    }
    assert!(subject.images.image_status(&subject.image.as_str().into()).await.unwrap().is_none());
}

/// Promise 16.
pub async fn a_bad_name_is_refused(subject: Subject) {
    let error = subject.images.pull(&"Not An Image".into(), None, None).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
}
