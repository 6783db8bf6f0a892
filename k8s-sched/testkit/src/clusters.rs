/// Clusters with something in them for most plugins.
pub const CLUSTERS: &[&str] = &[
    "node a cpu=4 memory=8Gi; node b cpu=2 memory=16Gi; node c cpu=8 memory=4Gi cordoned; node d cpu=1 memory=1Gi
     pod q on=a cpu=3 memory=1Gi port=80; pod r on=b memory=12Gi; pod s on=d cpu=900m
     pod small cpu=100m memory=64Mi; pod big cpu=3 memory=2Gi; pod nothing; pod web cpu=200m port=80",
    "node a cpu=4 label:zone=x label:disk=ssd image:img=700Mi; node b cpu=4 label:zone=x taint:gpu=yes:NoSchedule
     node c cpu=4 label:zone=y taint:slow:PreferNoSchedule image:img=700Mi image:other=90Mi; node d cpu=4
     pod q on=a label:app=web; pod r on=b label:app=web; pod s on=c label:app=db apart:app=web@host
     pod plain image=img; pod web label:app=web spread:zone=1; pod soft label:app=web prefer-spread:zone=1
     pod tolerant tolerate:gpu=yes:NoSchedule image=other; pod picky select:disk=ssd; pod fond prefer:5:disk=ssd
     pod near near:app=db@zone; pod apart apart:app=web@zone; pod shy prefer-apart:7:app=web@zone",
    "node a cpu=2 label:zone=x; node b cpu=2 label:zone=y
     pod q on=a cpu=2 label:app=web; pod r on=b cpu=2 label:app=web; pod s on=b label:app=web port=90
     pod p cpu=1 label:app=web; pod u cpu=1 apart:app=web@host; pod v port=90 select:kubernetes.io/hostname=b
     pod w label:app=web spread:zone=1 apart:app=db@zone",
    "pod p cpu=1",
];
